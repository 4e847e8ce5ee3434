// cors-anywhere for one listed origin; the upstream's URL is the path. As it comes it opens a
// connection for each request; with KEEP set it keeps them, as the other peers do.
const http = require("node:http");

const kept = { agent: new http.Agent({ keepAlive: true, maxFreeSockets: 64 }) };
require("cors-anywhere").createServer({
  originWhitelist: ["http://localhost:3001"],
  httpProxyOptions: process.env.KEEP ? kept : {},
}).listen(Number(process.env.PORT), "127.0.0.1");
