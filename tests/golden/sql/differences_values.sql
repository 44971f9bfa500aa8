-- first_0 = 1795000600000000000
-- last_0 = 1795000660000000000
-- first_1 = 1795000600000000000
-- last_1 = 1795000660000000000
-- tenant = "acme"
-- inside = ["5b8aa5a2d2c872e8321cf37308d69df2"]
-- traces = ["5b8aa5a2d2c872e8321cf37308d69df2"]
-- insiders = 1
-- outsiders = 1
-- arrived_from = 1794913600000000000
SELECT
    said.1 AS kind, said.2 AS name, said.3 AS value, said.4 AS low, said.5 AS high,
    uniqExactIf(trace_id, inside) AS have,
    uniqExactIf(trace_id, NOT inside) AS others
FROM (
    SELECT
        trace_id,
        trace_id IN (
            SELECT toFixedString(unhex(arrayJoin({inside:Array(String)})), 16)
        ) AS inside,
        arrayJoin(arrayFilter(v -> length(v.3) BETWEEN 1 AND 200 OR v.4 < v.5, arrayConcat(
        [
            ('service', 'service', toString(service_name), toFloat64(0), toFloat64(0)),
            ('model', 'model', toString(model), 0, 0),
            ('span', 'span', toString(name), 0, 0),
            ('status', 'status', if(status = 'error', 'error', ''), 0, 0),
            ('cache', 'prefix cache', multiIf(
                input_tokens = 0, '', cached_tokens > 0, 'hit', 'miss'), 0, 0)
        ],
        arrayMap(uuid -> ('gpu', 'gpu', toString(uuid), toFloat64(0), toFloat64(0)),
            `gpu.resource_uuid`),
        arrayMap((key, text, type, number) -> multiIf(
                type NOT IN ('i', 'd') OR type = 'i' AND abs(number) < 16 OR number <= 0,
                ('attribute', key, text, toFloat64(0), toFloat64(0)),
                ('attribute', key, '', exp2(floor(log2(number))), exp2(floor(log2(number)) + 1))
            ),
            mapKeys(attributes), mapValues(attributes),
            arrayMap(i -> substring(attribute_types, i, 1), arrayEnumerate(mapKeys(attributes))),
            arrayMap(text -> toFloat64OrZero(text), mapValues(attributes))),
        arrayMap((key, text) -> ('attribute', key, text, toFloat64(0), toFloat64(0)),
            mapKeys(resource_attributes), mapValues(resource_attributes))
    ))) AS said
    FROM spans
    PREWHERE trace_id IN (
        SELECT toFixedString(unhex(arrayJoin({traces:Array(String)})), 16)
    )
    WHERE tenant_id = {tenant:String}
        AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
        AND (start_time BETWEEN fromUnixTimestamp64Nano({first_0:Int64}, 'UTC') AND fromUnixTimestamp64Nano({last_0:Int64}, 'UTC') OR start_time BETWEEN fromUnixTimestamp64Nano({first_1:Int64}, 'UTC') AND fromUnixTimestamp64Nano({last_1:Int64}, 'UTC'))
)
WHERE said.2 NOT IN ('service.name', 'gen_ai.request.model', 'gen_ai.usage.cache_read.input_tokens') AND NOT match(said.2, '^gpu\.[0-9]+\.')
GROUP BY kind, name, value, low, high
HAVING have + others > 1
ORDER BY
    abs(have / {insiders:UInt32} - others / {outsiders:UInt32}) DESC,
    kind, name, value, low
LIMIT 1000
