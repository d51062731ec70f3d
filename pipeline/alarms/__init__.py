"""The rules of alarms (告警): what makes one incident, and whom it is told, when."""
