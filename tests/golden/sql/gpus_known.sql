SELECT count()
FROM (
    SELECT 1
    FROM gpu_metrics
    WHERE tenant_id = {tenant:String} AND resource_uuid = {uuid:String}
    LIMIT 1
)
