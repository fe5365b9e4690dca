-- Hands out the prebuilt requests of a case in turn, and prints the result as one line of JSON.
-- The file holds, for each request, its length on a line and then its bytes.

function init(args)
  local requests = {}
  local file = assert(io.open(args[1], 'rb'))
  for length in file:lines() do
    requests[#requests + 1] = file:read(tonumber(length))
  end
  file:close()

  if #requests == 1 then
    -- wrk asks for the request once and then sends it for ever, without Lua in between.
    wrk.format = function() return requests[1] end
    return
  end
  local turn = 0
  request = function()
    turn = turn % #requests + 1
    return requests[turn]
  end
end

function done(summary, latency)
  local errors = summary.errors
  local line = '{"requests": %d, "seconds": %f, "p50": %d, "p99": %d, "errors": {"sockets": %d, "statuses": %d}}'
  print('RESULT ' .. line:format(
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.timeout, errors.status
  ))
end
