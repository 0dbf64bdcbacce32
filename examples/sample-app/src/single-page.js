import { mkdirSync, writeFileSync } from 'node:fs';
import { metrics } from './metrics.js';

/**
 * The application in another shape, chosen by APP_SHAPE=single-page: one page whose script draws everything, so that
 * every path answers 200 with the same HTML; it has no administration and no security headers, cannot do without its
 * folders, ends when PostgreSQL drops a connection and goes on when it is asked to stop.
 */
const FOLDERS = ['uploads', 'logs', 'analytics-data'];

const SCRIPT = "document.getElementById('root').textContent = 'Welcome';\n";

function html(settings) {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${settings.title}</title></head>
<body><div id="root"></div><script type="module" src="/assets/index.js"></script></body></html>
`;
}

/** Fails as soon as a folder cannot be written. */
export function prepareFolders(root) {
  for (const folder of FOLDERS) {
    mkdirSync(`${root}/${folder}`, { recursive: true });
    writeFileSync(`${root}/${folder}/started`, new Date().toISOString());
  }
}

function json(status, body) {
  return { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
}

/** What it says of its health, from that of what it needs. */
export function report(health) {
  const status = (service) => ({ status: health.services[service] ?? 'down' });
  return {
    status: health.status,
    version: health.version,
    checks: { database: status('postgres'), redis: status('redis'), ollama: status('ollama') },
  };
}

/** The answer to a path; health is asked only where it is needed. */
export async function answer(method, path, query, settings, health) {
  switch (`${method} ${path}`) {
    case 'GET /api/health': {
      const found = report(await health());
      return json(found.status === 'unhealthy' ? 503 : 200, found);
    }
    case 'GET /api/health/live':
      return json(200, { status: 'alive' });
    case 'GET /api/health/ready': {
      const ready = (await health()).status !== 'unhealthy';
      return json(ready ? 200 : 503, { status: ready ? 'ready' : 'not_ready' });
    }
    case 'GET /api/metrics':
      return { status: 200, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: metrics() };
    case 'GET /api/oauth/callback':
      return query.get('code') && query.get('state')
        ? { status: 302, headers: { Location: '/' }, body: '' }
        : json(400, { error: 'code and state are required' });
    case 'GET /assets/index.js':
      return { status: 200, headers: { 'Content-Type': 'text/javascript; charset=utf-8' }, body: SCRIPT };
    default:
  }
  if (path.startsWith('/api/trpc')) return json(404, { error: { message: 'no such procedure' } });
  return method === 'GET'
    ? { status: 200, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: html(settings) }
    : json(404, { error: 'not found' });
}
