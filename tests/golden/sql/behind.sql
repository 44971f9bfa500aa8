SELECT toUnixTimestamp(now()) - max(toUnixTimestamp(minute)) FROM minutes WHERE minute <= now()
