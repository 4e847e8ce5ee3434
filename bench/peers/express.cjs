// Express with cors and http-proxy-middleware, as their pages show it, with kept connections.
const http = require("node:http");
const express = require("express");
const cors = require("cors");
const { createProxyMiddleware } = require("http-proxy-middleware");

const app = express();
app.disable("x-powered-by");
app.use(cors({
  origin: ["http://localhost:3001"],
  methods: ["GET", "POST", "PUT", "DELETE"],
  allowedHeaders: ["Content-Type", "Authorization"],
  credentials: true,
  maxAge: 600,
}));
const proxy = createProxyMiddleware({
  target: `http://${process.env.UPSTREAM}`,
  agent: new http.Agent({ keepAlive: true, maxFreeSockets: 64 }),
  changeOrigin: true,
  xfwd: true,
});
app.use(proxy);
app.listen(Number(process.env.PORT), "127.0.0.1").on("upgrade", proxy.upgrade);
