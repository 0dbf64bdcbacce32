import { appendFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { health } from './health.js';
import { count, metrics } from './metrics.js';
import { page } from './pages.js';
import { answer as answerSinglePage } from './single-page.js';

const SECURITY_HEADERS = {
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};
const MAX_BODY = 64 * 1024;

function headersOf(settings) {
  return settings.singlePage ? { 'X-Powered-By': 'Express' } : SECURITY_HEADERS;
}

function json(status, body, headers = {}) {
  return { status, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

async function readJson(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > MAX_BODY) throw new Error('the body is too large');
  }
  return JSON.parse(text);
}

function esiaLogin({ esia }) {
  const location = new URL('/aas/oauth2/ac', esia.url);
  location.search = new URLSearchParams({
    client_id: esia.clientId,
    redirect_uri: esia.redirectUri,
    scope: esia.scope,
    response_type: 'code',
    state: randomUUID(),
  });
  return { status: 302, headers: { Location: location.href }, body: '' };
}

async function askAssistant(request, settings) {
  if (!settings.ollama) return json(503, { error: 'no assistant is configured' });
  const { prompt } = await readJson(request);
  const answer = await fetch(`${settings.ollama.url}/api/generate`, {
    method: 'POST',
    body: JSON.stringify({ model: settings.ollama.model, prompt, stream: false }),
  });
  return json(answer.ok ? 200 : 502, await answer.json());
}

async function answer(request, { pathname: path, searchParams }, { settings, database, sessions }) {
  if (settings.singlePage) {
    return answerSinglePage(request.method, path, searchParams, settings, () => health(settings, database, sessions));
  }
  switch (`${request.method} ${path}`) {
    case 'GET /api/health':
    case 'GET /api/health/ready': {
      const report = await health(settings, database, sessions);
      return json(report.status === 'unhealthy' ? 503 : 200, report);
    }
    case 'GET /api/health/live':
      return json(200, { status: 'alive' });
    case 'GET /api/version':
      return json(200, { version: settings.version });
    case 'GET /api/messages':
      return json(200, await database.list());
    case 'POST /api/messages':
      return json(201, await database.add(String((await readJson(request)).text)));
    case 'GET /api/session': {
      const { cookie, ...session } = await sessions.visit(request.headers.cookie);
      return json(200, session, { 'Set-Cookie': cookie });
    }
    case 'GET /api/auth/esia/login':
      return esiaLogin(settings);
    case 'GET /api/oauth/callback':
      return searchParams.get('code')
        ? { status: 302, headers: { Location: '/dashboard' }, body: '' }
        : json(400, { error: 'code is required' });
    case 'GET /api/auth/esia/callback':
      return { status: 302, headers: { Location: '/dashboard' }, body: '' };
    case 'GET /metrics':
      return { status: 200, headers: { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }, body: metrics() };
    case 'POST /api/ai/chat':
      return askAssistant(request, settings);
    default:
  }
  if (path.startsWith('/api/admin')) return json(403, { error: 'administrators only' });
  const html = request.method === 'GET' ? page(path, settings) : undefined;
  return html
    ? { status: 200, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: html }
    : json(404, { error: 'not found' });
}

/** Handles one request; whatever goes wrong is an answer, not a crash. */
export function handler(parts) {
  return async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const path = url.pathname;
    let result;
    try {
      result = await answer(request, url, parts);
    } catch (error) {
      console.error(`${request.method} ${path}: ${error.message}`);
      result = json(500, { error: 'internal error' });
    }
    count(request.method, result.status);
    response.writeHead(result.status, { ...headersOf(parts.settings), ...result.headers });
    response.end(result.body);
    // The access log is a courtesy: a folder that cannot be written is no reason to fail.
    appendFile('logs/access.log', `${new Date().toISOString()} ${request.method} ${path} ${result.status}\n`).catch(() => {});
  };
}
