"""What stands in the streets, and what moves there: functions that add to a `MeshBuilder`."""
