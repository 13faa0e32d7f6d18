from yoyo import step

steps = [step("CREATE TABLE first (id INTEGER)", "DROP TABLE first")]
