"""Delivery of alarms (告警投递): e-mail, webhooks, group robots, MQTT; decides nothing."""
