/** What the application needs of its environment; a missing variable ends it with one clear line each. */
const REQUIRED = ['DATABASE_URL', 'REDIS_URL', 'JWT_SECRET', 'SESSION_SECRET', 'ESIA_CLIENT_ID', 'ESIA_REDIRECT_URI'];
/** A shorter key is no key. */
const MIN_SECRET = 32;

export function readSettings(env) {
  const missing = REQUIRED.filter((name) => !env[name]);
  if (missing.length > 0) {
    throw new Error(missing.map((name) => `required environment variable ${name} is not set`).join('\n'));
  }
  if (env.JWT_SECRET.length < MIN_SECRET) {
    throw new Error(`JWT_SECRET has ${env.JWT_SECRET.length} characters and needs ${MIN_SECRET}`);
  }
  return {
    port: Number(env.PORT ?? 3000),
    version: env.APP_VERSION ?? 'dev',
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    sessionSecret: env.SESSION_SECRET,
    singlePage: env.APP_SHAPE === 'single-page',
    title: env.VITE_APP_TITLE ?? 'Sample app',
    esia: {
      url: env.ESIA_ENVIRONMENT === 'production' ? 'https://esia.gosuslugi.ru' : 'https://esia-portal1.test.gosuslugi.ru',
      clientId: env.ESIA_CLIENT_ID,
      redirectUri: env.ESIA_REDIRECT_URI,
      scope: env.ESIA_SCOPE ?? 'openid fullname snils',
    },
    ollama: env.OLLAMA_BASE_URL ? { url: env.OLLAMA_BASE_URL, model: env.OLLAMA_MODEL ?? 'llama3.2:3b' } : null,
  };
}
