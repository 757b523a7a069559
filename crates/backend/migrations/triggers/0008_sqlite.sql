
CREATE TRIGGER audit_insert BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE sequence = NEW.sequence)
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;
CREATE TRIGGER audit_update BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit
WHEN OLD.sequence > (SELECT pruned_sequence FROM audit_head)
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;
CREATE TRIGGER audit_head_update BEFORE UPDATE ON audit_head
WHEN NEW.sequence < OLD.sequence OR NEW.pruned_sequence < OLD.pruned_sequence OR NEW.pruned_sequence > NEW.sequence
BEGIN
    SELECT RAISE(ABORT, 'the end of the audit only moves on');
END;
CREATE TRIGGER audit_head_delete BEFORE DELETE ON audit_head
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;
