import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

function run(kind) {
  return spawnSync(process.execPath, ['src/failures.js'], { env: { FAIL_LIKE: kind }, encoding: 'utf8' });
}

for (const [kind, line] of [
  ['node', 'Error: cannot open the queue: licence is missing'],
  ['node-dump', 'error: relation "users" does not exist'],
  ['java', 'Caused by: org.postgresql.util.PSQLException: database "shop" does not exist'],
  ['python', "KeyError: 'SHOP_REGION'"],
  ['go', 'panic: assignment to entry in nil map'],
]) {
  test(`it ends like ${kind}, with the line that says why`, () => {
    const ended = run(kind);
    assert.notEqual(ended.status, 0);
    assert.ok(ended.stderr.split('\n').includes(line), ended.stderr);
  });
}

test('a dump buries its line under 300 others', () => {
  const lines = run('node-dump').stderr.split('\n');
  assert.ok(lines.length - lines.indexOf('error: relation "users" does not exist') > 300);
});
