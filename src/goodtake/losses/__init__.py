"""Losses: functions of tensors, named as recipes and logs name them."""
