import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ignoresSigterm } from '../src/faults.js';
import { answer, prepareFolders } from '../src/single-page.js';

const SETTINGS = { title: 'Staging', singlePage: true };

function get(path, health = { status: 'healthy', services: {} }) {
  const url = new URL(path, 'http://localhost');
  return answer('GET', url.pathname, url.searchParams, SETTINGS, async () => health);
}

test('every path answers with the same page, an administration and a missing asset too', async () => {
  const front = await get('/');
  for (const path of ['/dashboard', '/api/admin', '/assets/missing.js']) {
    assert.deepEqual(await get(path), front);
  }
  assert.equal(front.status, 200);
});

test('the script of the page is a script', async () => {
  assert.match((await get('/assets/index.js')).headers['Content-Type'], /javascript/);
});

test('the callback needs a code', async () => {
  assert.equal((await get('/api/oauth/callback')).status, 400);
  assert.equal((await get('/api/oauth/callback?code=a&state=b')).status, 302);
});

test('without Ollama it is degraded and answers, without PostgreSQL it is not ready', async () => {
  const degraded = await get('/api/health', { status: 'degraded', services: { postgres: 'up', redis: 'up', ollama: 'down' } });
  assert.equal(degraded.status, 200);
  assert.equal(JSON.parse(degraded.body).status, 'degraded');
  const down = { status: 'unhealthy', services: { postgres: 'down' } };
  assert.equal((await get('/api/health', down)).status, 503);
  assert.equal((await get('/api/health/ready', down)).status, 503);
});

test('it writes to all of its folders at its start, and fails where it cannot', () => {
  const root = mkdtempSync(join(tmpdir(), 'single-page-'));
  prepareFolders(root);
  assert.ok(existsSync(join(root, 'analytics-data', 'started')));
  const file = join(root, 'file');
  writeFileSync(file, '');
  assert.throws(() => prepareFolders(file), /ENOTDIR/);
});

test('it goes on when it is asked to stop', () => {
  assert.ok(ignoresSigterm(SETTINGS));
});
