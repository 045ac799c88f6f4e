"""The cast: the demo accounts, each with one job, so that every test speaks of the same people."""

from typing import Final

PASSWORD: Final = "rainbow-demo-2003"

ADMIN: Final = "admin"  # sysadmin: accounts and settings, no records of government
SECURITY: Final = "secadmin"  # grants and clearances
AUDITOR: Final = "auditor"  # reads the trail
COORDINATOR: Final = "coordinator"  # coordination: edits milestones everywhere
LEADER: Final = "leader"  # reads everything that is not personal
TRAINER: Final = "trainer"  # training: courses and training records
POLICE: Final = "police"  # unit_editor and registrar of 公安局
STATISTICS: Final = "statistics"  # unit_editor and registrar of 统计局
TOURISM: Final = "tourism"  # unit_editor of 旅游局
VIEWER: Final = "viewer"  # reads, changes nothing

CAST: Final = (ADMIN, SECURITY, AUDITOR, COORDINATOR, LEADER, TRAINER, POLICE, STATISTICS, TOURISM, VIEWER)
