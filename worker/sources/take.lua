-- Reserves one moment in every book at once: at least its interval away from every other reservation.
-- KEYS: the books, sorted sets of reserved moments (µs of Redis's clock); the first is the account's.
-- ARGV: class ('webhooks' | 'sync' | 'audit'), the horizon (µs), the interval of each book (µs).
-- -> {1, wait µs, moment}  reserved
--    {0, wait µs}          nothing within the horizon: ask again after the wait
--    {-1}                  a book is missing: Redis has lost it, or it is new
local class, horizon = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local books, earliest = {}, now

for i, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 0 then return {-1} end
  local interval = tonumber(ARGV[2 + i])
  redis.call('ZREMRANGEBYSCORE', key, 1, string.format('%.0f', now - math.max(5000000, interval)))
  books[i] = {key = key, interval = interval}
  earliest = math.max(earliest, tonumber(redis.call('GET', key .. ':pause') or '0'))
end

-- While a backfill waits, webhooks take at most three slots of four.
local ours, waits = KEYS[1] .. ':webhooks', KEYS[1] .. ':sync-waits'
if class == 'webhooks' then
  redis.call('ZREMRANGEBYSCORE', ours, 0, string.format('%.0f', now - 5000000))
  if redis.call('EXISTS', waits) == 1 then
    books[#books + 1] = {key = ours, interval = books[1].interval * 4 / 3}
  end
end

local moment, settled = earliest, false
while not settled do
  settled = true
  for _, book in ipairs(books) do
    local near = redis.call('ZRANGEBYSCORE', book.key,
      string.format('(%.0f', moment - book.interval), string.format('(%.0f', moment + book.interval))
    if #near > 0 then
      moment = tonumber(near[#near]) + book.interval
      settled = false
    end
  end
end

local wait = moment - now
local text = string.format('%.0f', moment)
if wait > horizon then
  if class ~= 'sync' then return {0, math.floor(wait - horizon + 1000)} end
  redis.call('SET', waits, 1, 'PX', 1000)
  -- One slot of a backfill may lie as far ahead as a webhook's, while there are any: several askers of
  -- webhooks leave no nearer one free, and it would never get its share.
  local ahead = KEYS[1] .. ':sync-ahead'
  local alone = redis.call('ZCOUNT', ours, string.format('%.0f', now - 1000000), '+inf') == 0
  if alone or wait > 1000000 or tonumber(redis.call('GET', ahead) or '0') > now then
    return {0, math.floor(wait - horizon + 1000)}
  end
  redis.call('SET', ahead, text, 'PX', 2000)
end
for _, key in ipairs(KEYS) do redis.call('ZADD', key, text, text) end
if class == 'webhooks' then
  redis.call('ZADD', ours, text, text)
  redis.call('PEXPIRE', ours, 60000)
end
return {1, math.floor(wait), text}
