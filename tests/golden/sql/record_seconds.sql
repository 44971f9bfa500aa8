INSERT INTO rolled_up_seconds (second, spans)
SELECT toDateTime(pair.1), pair.2
FROM (
    SELECT arrayJoin(arrayZip({seconds:Array(UInt32)}, {counts:Array(UInt64)})) AS pair
)
