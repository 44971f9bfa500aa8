SELECT
    (SELECT max(toUnixTimestamp(tick)) + 2 FROM ticks WHERE tick <= now()),
    (SELECT max(toUnixTimestamp(minute)) + 60 FROM minutes WHERE minute <= now()),
    toUnixTimestamp(now())
