-- What wrk sends: a browser's fields, and by its arguments a preflight, an upload, many targets,
-- pauses. What it says at the end: one line of JSON.

wrk.headers["Origin"] = "http://localhost:3001"
wrk.headers["Referer"] = "http://localhost:3001/"
wrk.headers["User-Agent"] =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36"
wrk.headers["Accept"] = "application/json, text/plain, */*"
wrk.headers["Accept-Language"] = "en-GB,en;q=0.9"
wrk.headers["Accept-Encoding"] = "gzip, deflate, br, zstd"
wrk.headers["Sec-Fetch-Site"] = "cross-site"
wrk.headers["Sec-Fetch-Mode"] = "cors"
wrk.headers["Sec-Fetch-Dest"] = "empty"

local function preflight()
  wrk.method = "OPTIONS"
  wrk.headers["Cookie"] = nil -- a preflight carries none
  wrk.headers["Access-Control-Request-Method"] = "PUT"
  wrk.headers["Access-Control-Request-Headers"] = "content-type"
end

local function upload(size)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/octet-stream"
  wrk.body = string.rep("x", size)
end

-- the URL's path is the stem: /r becomes /r0 to /r999, each as often; the last of the arguments
local function many(count)
  local made, at = {}, 0
  for i = 0, count - 1 do made[i] = wrk.format(nil, wrk.path .. i) end
  function request()
    at = (at + 617) % count
    return made[at]
  end
end

-- exponential pauses of this mean, in ms: requests come whether or not others are answered
local function pauses(mean)
  function delay()
    local pause = -math.log(1 - math.random()) * mean
    return math.floor(pause + math.random())
  end
end

local acts = { preflight = preflight, upload = upload, many = many, pauses = pauses }

function init(arguments)
  wrk.headers["Cookie"] = "session=0123456789abcdef"
  for _, word in ipairs(arguments) do
    local name, value = word:match("^(%a+)=?(.*)$")
    if name == "origin" then
      wrk.headers["Origin"] = value
    elseif name then
      acts[name](tonumber(value))
    end
  end
end

function done(summary, latency)
  local failed = summary.errors
  io.write(string.format(
    '{"requests": %d, "bytes": %d, "microseconds": %d, "failed": %d, "p50": %.1f, "p99": %.1f}\n',
    summary.requests, summary.bytes, summary.duration,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout,
    latency:percentile(50), latency:percentile(99)))
end
