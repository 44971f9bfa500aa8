CHECK TABLE spans PART '20261126_1_1_0' SETTINGS check_query_single_value_result = 1
