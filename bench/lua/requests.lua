-- Sends requests drawn at random from a file: a line for each, with verb, target and body between tabs.
local requests = {}

function init(args)
  for line in io.lines(args[1]) do
    local verb, target, body = line:match("^(.-)\t(.-)\t(.*)$")
    requests[#requests + 1] = wrk.format(verb, target, nil, body ~= "" and body or nil)
  end
  math.randomseed(tonumber(args[2]))
end

function request()
  return requests[math.random(#requests)]
end
