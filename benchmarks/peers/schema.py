"""What the peers' sites share: where the database is, and the labels that any of them shows."""

import os

URL = os.environ["DATABASE_URL"]
SQLALCHEMY_URL = URL.replace("postgresql://", "postgresql+psycopg://")
NAME, PASSWORD = "bench", "bench-password"
AREAS = {
    "320700": "连云港市", "320703": "连云区", "320705": "新浦区", "320706": "海州区", "320707": "赣榆区",
    "320721": "赣榆县", "320722": "东海县", "320723": "灌云县", "320724": "灌南县",
}  # fmt: skip
SEXES = {"male": "男", "female": "女"}
STATES = {"pending": "待核实", "verified": "已核实", "doubtful": "存疑"}
PEOPLES = {"HA": "汉族", "HU": "回族", "MA": "满族", "MH": "苗族", "TJ": "土家族", "ZH": "壮族", "YI": "彝族"}
SEARCHED = ("citizen_id", "name", "address")
LISTED = ("citizen_id", "name", "sex", "birth", "ethnicity", "area", "address", "verification")
