FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY corsproxy corsproxy
# build isolation stays in this stage: the final one gets the finished environment only
RUN python -m venv /opt/corsproxy && /opt/corsproxy/bin/pip install --no-cache-dir . \
 && /opt/corsproxy/bin/pip uninstall --yes pip

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home corsproxy \
 && mkdir -p /etc/corsproxy && chown root:root /etc/corsproxy
COPY --from=build /opt/corsproxy /opt/corsproxy
# a container that listens on its own loopback is reached by nobody, whatever a mounted file says
ENV PATH=/opt/corsproxy/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CORSPROXY_LISTEN=0.0.0.0:8080 \
    CORSPROXY_ADMIN=127.0.0.1:8081
WORKDIR /etc/corsproxy
USER 10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["python", "-c", \
  "import os, urllib.request as r; a = os.environ['CORSPROXY_ADMIN']; a == 'off' or r.urlopen('http://127.0.0.1:' + a.rpartition(':')[2] + '/healthz', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["corsproxy"]
CMD ["run"]
