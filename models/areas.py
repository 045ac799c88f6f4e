"""The administrative areas of Lianyungang by GB/T 2260, those of 2003 and the one that took a place since."""

AREAS = {
    "320700": "连云港市",
    "320703": "连云区",
    "320705": "新浦区",  # until 2014
    "320706": "海州区",
    "320707": "赣榆区",  # from 2014
    "320721": "赣榆县",  # until 2014
    "320722": "东海县",
    "320723": "灌云县",
    "320724": "灌南县",
}
"""Names by code. An identity number may carry the code of any other place: a warning, never an error."""
