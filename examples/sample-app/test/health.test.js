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
