import './failures.js';
import { createServer } from 'node:http';
import { handler } from './app.js';
import { Database } from './database.js';
import { failAtStart, ignoresSigterm } from './faults.js';
import { Sessions } from './sessions.js';
import { readSettings } from './settings.js';
import { prepareFolders } from './single-page.js';

function crash(error) {
  console.error(error);
  process.exit(1);
}

try {
  const settings = readSettings(process.env);
  console.log(`sample-app ${settings.version} starts`);
  failAtStart(settings);
  if (settings.singlePage) prepareFolders(process.cwd());
  const database = settings.singlePage ? new Database(settings.databaseUrl, crash) : new Database(settings.databaseUrl);
  const sessions = new Sessions(settings.redisUrl, settings.sessionSecret);
  sessions.connect();
  const server = createServer(handler({ settings, database, sessions }));
  server.listen(settings.port, () => console.log(`listening on ${settings.port}`));
  process.on('SIGTERM', () => {
    if (ignoresSigterm(settings)) {
      console.log('asked to stop, and goes on');
      return;
    }
    server.close(() => {
      Promise.allSettled([database.close(), sessions.close()]).then(() => process.exit(0));
    });
    server.closeIdleConnections();
  });
  await database.prepare();
} catch (error) {
  for (const line of error.message.split('\n')) console.error(`sample-app: ${line}`);
  process.exit(1);
}
