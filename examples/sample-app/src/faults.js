/**
 * Versions that misbehave on purpose, chosen when the image is built (--build-arg VERSION=...):
 * "broken" ends at start, after it has said more than it should; "unhealthy" starts, but never says it is well;
 * "stubborn" goes on when it is asked to stop, as the single page does.
 */
export function failAtStart(settings) {
  if (settings.version === 'broken') {
    console.error(`connecting to ${settings.databaseUrl}`);
    throw new Error('cannot start: this version is broken on purpose');
  }
}

export function ignoresSigterm(settings) {
  return settings.version === 'stubborn' || settings.singlePage;
}

export function neverHealthy(settings) {
  return settings.version === 'unhealthy';
}
