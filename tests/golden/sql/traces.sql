SELECT
    lower(hex(trace_id)),
    toUnixTimestamp64Nano(min(start_time)),
    toUnixTimestamp64Nano(max(end_time)) - toUnixTimestamp64Nano(min(start_time)),
    substring(min(entry), 22, reinterpretAsUInt32(substring(min(entry), 18, 4))),
    substring(min(entry), 22 + reinterpretAsUInt32(substring(min(entry), 18, 4))),
    arraySort(groupUniqArrayArray(services)),
    arraySort(groupUniqArrayArray(models)),
    length(groupUniqArrayArray(arrayConcat(span_ids, error_ids, tokens.1, client_tokens.1))),
    length(groupUniqArrayArray(error_ids)),
    arraySum(maxMap(tokens.1, tokens.2).2),
    arraySum(maxMap(tokens.1, tokens.3).2),
    arraySum(maxMap(client_tokens.1, client_tokens.2).2),
    arraySum(maxMap(client_tokens.1, client_tokens.3).2),
    min(ttft_ms),
    max(setup)
FROM (
    SELECT
        trace_id, start_time, end_time, entry, services, models, service_hashes, model_hashes,
        gpu_hashes, names, span_ids, error_ids, tokens, client_tokens, ttft_ms,
        setup
    FROM traces
    WHERE tenant_id = {tenant:String}
        AND slot >= {slot_from:UInt32}
        AND trace_id IN (
            SELECT toFixedString(unhex(arrayJoin({trace_ids:Array(String)})), 16)
        )
    UNION ALL
    SELECT
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
    WHERE tenant_id = {tenant:String}
        AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
        AND trace_id IN (
            SELECT toFixedString(unhex(arrayJoin({trace_ids:Array(String)})), 16)
        )
    GROUP BY trace_id
)
GROUP BY trace_id
