INSERT INTO traces (
    tenant_id, day, slot, trace_id,
    start_time, end_time, entry, services, models, service_hashes,
    model_hashes, gpu_hashes, names, span_ids, error_ids, tokens, client_tokens, ttft_ms,
    setup
)
SELECT
    tenant_id,
    toDate(ingested_at) AS day,
    toUInt32(greatest(intDiv(toUnixTimestamp64Nano(min(start_time)), 300000000000), 0)),
    trace_id,
    min(start_time),
    max(end_time),
    min(concat(
        reinterpretAsFixedString(
            toUInt8(2 * (parent_span_id != toFixedString('', 8)) + (kind != 'server'))
        ),
        reinterpretAsFixedString(byteSwap(
            bitXor(toUInt64(toUnixTimestamp64Nano(start_time)), toUInt64(9223372036854775808))
        )),
        span_id,
        reinterpretAsFixedString(toUInt32(length(name))),
        name,
        service_name
    )),
    groupUniqArray(10000)(toString(service_name)),
    groupUniqArrayIf(10000)(toString(model), model != ''),
    arrayMap(service -> cityHash64(service), groupUniqArray(10000)(toString(service_name))),
    arrayMap(model -> cityHash64(model), groupUniqArrayIf(10000)(toString(model), model != '')),
    groupUniqArrayArray(10000)(arrayMap(
        uuid -> cityHash64(uuid), arrayConcat(`gpu.resource_uuid`, `gpu.physical_uuid`)
    )),
    groupUniqArray(10000)(toString(name)),
    groupUniqArrayIf(10000)(
        reinterpretAsUInt64(span_id),
        status != 'error' AND input_tokens = 0 AND output_tokens = 0
    ),
    groupUniqArrayIf(10000)(reinterpretAsUInt64(span_id), status = 'error'),
    groupUniqArrayIf(10000)(
        (reinterpretAsUInt64(span_id), input_tokens, output_tokens),
        (input_tokens > 0 OR output_tokens > 0) AND kind != 'client'
    ),
    groupUniqArrayIf(10000)(
        (reinterpretAsUInt64(span_id), input_tokens, output_tokens),
        (input_tokens > 0 OR output_tokens > 0) AND kind = 'client'
    ),
    min(if(ttft_ms > 0, ttft_ms, NULL)),
    max(setup AND parent_span_id = toFixedString('', 8))
FROM spans
WHERE ingested_at >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
    AND ingested_at < fromUnixTimestamp64Second({last:Int64} + 1, 'UTC')
    AND toUnixTimestamp(ingested_at) IN {seconds:Array(UInt32)}
GROUP BY tenant_id, day, trace_id
