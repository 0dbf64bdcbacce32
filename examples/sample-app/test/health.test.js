import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../src/health.js';
import { readSettings } from '../src/settings.js';

test('without PostgreSQL the application is unhealthy', () => {
  assert.equal(judge({ postgres: 'down', redis: 'up' }), 'unhealthy');
});

test('without Redis or Ollama it is degraded', () => {
  assert.equal(judge({ postgres: 'up', redis: 'down' }), 'degraded');
  assert.equal(judge({ postgres: 'up', redis: 'up', ollama: 'down' }), 'degraded');
});

test('with all of them it is healthy', () => {
  assert.equal(judge({ postgres: 'up', redis: 'up' }), 'healthy');
});

test('every missing variable is named', () => {
  assert.throws(() => readSettings({ JWT_SECRET: 'x' }), /DATABASE_URL[\s\S]*ESIA_REDIRECT_URI/);
});

test('a key that is too short is refused', () => {
  const env = Object.fromEntries(
    ['DATABASE_URL', 'REDIS_URL', 'SESSION_SECRET', 'ESIA_CLIENT_ID', 'ESIA_REDIRECT_URI'].map((name) => [name, 'x']),
  );
  assert.throws(() => readSettings({ ...env, JWT_SECRET: 'x'.repeat(16) }), /JWT_SECRET has 16 characters and needs 32/);
  assert.equal(readSettings({ ...env, JWT_SECRET: 'x'.repeat(32) }).port, 3000);
});
