-- The events of single calls are read whatever their time is.
CREATE INDEX statistics_events_by_call ON statistics_events (line, alert);
CREATE INDEX statistics_shadow_events_by_call ON statistics_shadow_events (line, alert);
