import { neverHealthy } from './faults.js';

/** Without PostgreSQL nothing works; without the others the application is only degraded. */
export function judge(services) {
  if (services.postgres !== 'up') return 'unhealthy';
  return Object.values(services).every((state) => state === 'up') ? 'healthy' : 'degraded';
}

async function state(probe) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('timeout')), 2000);
  });
  try {
    await Promise.race([probe(), late]);
    return 'up';
  } catch {
    return 'down';
  } finally {
    clearTimeout(timer);
  }
}

export async function health(settings, database, sessions) {
  const services = {
    postgres: await state(() => database.ping()),
    redis: await state(() => sessions.ping()),
  };
  if (settings.ollama) {
    services.ollama = await state(async () => {
      const answer = await fetch(`${settings.ollama.url}/api/version`);
      if (!answer.ok) throw new Error(`status ${answer.status}`);
    });
  }
  const status = neverHealthy(settings) ? 'unhealthy' : judge(services);
  return { status, version: settings.version, services };
}
