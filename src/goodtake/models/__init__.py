"""The networks and their torch twins of the signal processing: functions of tensors, no files, no data, no loop."""
