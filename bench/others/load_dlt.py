"""Loads all activities with dlt's REST source into DuckDB; prints how many there are.

load_dlt.py URL ORG KEY FOLDER
"""

import json
import os
import sys
import urllib.parse
import urllib.request

url, org, key, folder = sys.argv[1:]
os.makedirs(folder)
os.environ["DLT_DATA_DIR"] = folder
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import dlt  # noqa: E402
from dlt.sources.rest_api import rest_api_source  # noqa: E402

login = urllib.parse.urlencode({"login.apiKey": key, "login.orgid": org})
answer = json.load(urllib.request.urlopen(f"{url}/common/login?{login}"))
session = answer["loginResponse"]["userSessionId"]
source = rest_api_source({
    "client": {"base_url": url},
    "resources": [{
        "name": "activity",
        "primary_key": "activityId",
        "write_disposition": "append",
        "endpoint": {
            "path": "account/syncActivities",
            "params": {
                "userSessionId": session,
                "page.pageSize": 200,
                "page.sortColumn": "lastModifiedDateTime",
                "page.sortDirection": "ASC",
                "syncActivityTimeFrom": "0001-01-02T00:00:00Z",
            },
            "data_selector": "syncActivitiesResponse.activities.activity",
            "paginator": {
                "type": "page_number",
                "base_page": 1,
                "page_param": "page.currentPage",
                "total_path": "syncActivitiesResponse.page.totalPage",
            },
        },
    }],
})
pipeline = dlt.pipeline(
    "activities",
    pipelines_dir=f"{folder}/pipelines",
    destination=dlt.destinations.duckdb(f"{folder}/activities.duckdb"),
    dataset_name="crm",
)
pipeline.run(source)
with pipeline.sql_client() as client:
    print(client.execute_sql("SELECT count(*) FROM activity")[0][0])
