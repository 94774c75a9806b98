-- Opens codes from a file, `PATH ADDRESS` a line, each once: a thread of wrk takes every so many-th line. What a request
-- is made of is made before the clock starts.
local agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
local threads = 0
local all = {}

function setup(thread)
   thread:set("number", threads)
   threads = threads + 1
   all[threads] = thread
end

function init(arguments)
   local file, of = arguments[1], tonumber(arguments[2])
   requests, at, line_number, bad = {}, 0, 0, 0
   for line in io.lines(file) do
      if line_number % of == number then
         local path, address = line:match("^(%S+) (%S+)$")
         requests[#requests + 1] = "GET " .. path .. " HTTP/1.1\r\nHost: hub.example\r\nUser-Agent: " .. agent
            .. "\r\nX-Forwarded-For: " .. address .. "\r\n\r\n"
      end
      line_number = line_number + 1
   end
end

function request()
   at = at + 1
   if at > #requests then
      -- What is opened for a second time is no new scan: better none than a wrong figure.
      bad = bad + 1
      wrk.thread:stop()
      at = #requests
   end
   return requests[at]
end

function response(status)
   if status ~= 302 then
      bad = bad + 1
   end
end

function done(summary, latency)
   local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
   for _, thread in ipairs(all) do
      failed = failed + thread:get("bad")
   end
   io.write(string.format("figures %.1f %.0f %.0f %d %d\n", summary.requests / (summary.duration / 1e6),
      latency:percentile(50), latency:percentile(99), summary.requests, failed))
end
