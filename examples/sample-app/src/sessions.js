import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { createClient } from 'redis';

const TTL_SECONDS = 24 * 60 * 60;

/** Sessions in Redis behind a signed cookie. */
export class Sessions {
  #client;
  #secret;

  constructor(url, secret) {
    this.#secret = secret;
    this.#client = createClient({ url, disableOfflineQueue: true });
    this.#client.on('error', (error) => console.error(`sessions: ${error.message}`));
  }

  /** Does not wait: the client reconnects by itself. */
  connect() {
    this.#client.connect().catch(() => {});
  }

  async ping() {
    await this.#client.ping();
  }

  /** Counts a visit in the cookie's session, or in a new one. */
  async visit(cookie) {
    const id = this.#verified(cookie) ?? randomUUID();
    const visits = await this.#client.incr(`session:${id}`);
    await this.#client.expire(`session:${id}`, TTL_SECONDS);
    return { id, visits, cookie: `sid=${id}.${this.#sign(id)}; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=${TTL_SECONDS}` };
  }

  #verified(cookie) {
    const [, id, signature] = /(?:^|;\s*)sid=([0-9a-f-]{36})\.([0-9a-f]{64})/.exec(cookie ?? '') ?? [];
    if (!id) return undefined;
    return timingSafeEqual(Buffer.from(signature), Buffer.from(this.#sign(id))) ? id : undefined;
  }

  #sign(id) {
    return createHmac('sha256', this.#secret).update(id).digest('hex');
  }

  async close() {
    await this.#client.close();
  }
}
