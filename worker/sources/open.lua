-- Opens the books that are missing, a second ahead: what was sent in the last second is not known.
-- KEYS: the books. ARGV: for each, how long its vendor is paused (µs from now, 0: not at all).
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
for i, key in ipairs(KEYS) do
  local pause = now + tonumber(ARGV[i])
  if redis.call('ZADD', key, 'NX', 0, 'opened') == 1 then pause = math.max(pause, now + 1000000) end
  pause = math.max(pause, tonumber(redis.call('GET', key .. ':pause') or '0'))
  if pause > now then
    redis.call('SET', key .. ':pause', string.format('%.0f', pause), 'PX', math.ceil((pause - now) / 1000))
  end
end
return 1
