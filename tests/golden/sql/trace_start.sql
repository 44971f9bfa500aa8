SELECT count(), toUnixTimestamp64Nano(min(start_time))
FROM spans
WHERE tenant_id = {tenant:String} AND trace_id = unhex({trace_id:String})
