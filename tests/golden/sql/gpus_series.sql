SELECT
    intDiv(toUnixTimestamp64Nano(time) - {from:Int64}, {width:Int64}) AS bucket,
    uniqExact(time),
    arrayMax(mapValues(sumMap(map(emitter, ifNull(gained_j, 0))))),
    count(gained_j),
    max(memory_total_bytes),
    groupBitOr(throttle_reasons),
    max(ecc_corrected),
    max(ecc_uncorrected),
    max(xid_errors),
    argMax(xid_last, time),
    avg(utilization), min(utilization), max(utilization),
    avg(memory_used_bytes), min(memory_used_bytes), max(memory_used_bytes),
    avg(temperature_c), min(temperature_c), max(temperature_c),
    avg(power_w), min(power_w), max(power_w),
    avg(sm_clock_mhz), min(sm_clock_mhz), max(sm_clock_mhz),
    avg(memory_clock_mhz), min(memory_clock_mhz), max(memory_clock_mhz),
    avg(pcie_rx_bytes_per_s), min(pcie_rx_bytes_per_s), max(pcie_rx_bytes_per_s),
    avg(pcie_tx_bytes_per_s), min(pcie_tx_bytes_per_s), max(pcie_tx_bytes_per_s),
    avg(nvlink_rx_bytes_per_s), min(nvlink_rx_bytes_per_s), max(nvlink_rx_bytes_per_s),
    avg(nvlink_tx_bytes_per_s), min(nvlink_tx_bytes_per_s), max(nvlink_tx_bytes_per_s),
    avg(sm_active), min(sm_active), max(sm_active),
    avg(tensor_active), min(tensor_active), max(tensor_active),
    avg(dram_active), min(dram_active), max(dram_active)
FROM (
    SELECT
        *,
        energy_j - anyLast(energy_j) OVER before AS difference_j,
        if(difference_j < 0, energy_j, difference_j) AS gained_j
    FROM (
        SELECT
            time, emitter,
            any(energy_j) AS energy_j,
            any(memory_total_bytes) AS memory_total_bytes,
            any(throttle_reasons) AS throttle_reasons,
            any(ecc_corrected) AS ecc_corrected,
            any(ecc_uncorrected) AS ecc_uncorrected,
            any(xid_errors) AS xid_errors,
            any(xid_last) AS xid_last,
            any(utilization) AS utilization,
            any(memory_used_bytes) AS memory_used_bytes,
            any(temperature_c) AS temperature_c,
            any(power_w) AS power_w,
            any(sm_clock_mhz) AS sm_clock_mhz,
            any(memory_clock_mhz) AS memory_clock_mhz,
            any(pcie_rx_bytes_per_s) AS pcie_rx_bytes_per_s,
            any(pcie_tx_bytes_per_s) AS pcie_tx_bytes_per_s,
            any(nvlink_rx_bytes_per_s) AS nvlink_rx_bytes_per_s,
            any(nvlink_tx_bytes_per_s) AS nvlink_tx_bytes_per_s,
            any(sm_active) AS sm_active,
            any(tensor_active) AS tensor_active,
            any(dram_active) AS dram_active
        FROM gpu_metrics
        WHERE tenant_id = {tenant:String} AND resource_uuid = {uuid:String}
        AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
        AND time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
        AND time < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
        GROUP BY time, emitter
    )
    WINDOW before AS (
        PARTITION BY emitter ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
)
GROUP BY bucket
ORDER BY bucket
