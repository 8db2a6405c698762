-- The versions of a module, a JSON object: what the one in force consists of, the one on trial, and those before.
ALTER TABLE module ADD COLUMN versions TEXT NOT NULL DEFAULT '{}';
