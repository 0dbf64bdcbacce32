import pg from 'pg';

/** Rows in PostgreSQL. */
export class Database {
  #pool;

  constructor(url, onError = (error) => console.error(`database: ${error.message}`)) {
    this.#pool = new pg.Pool({ connectionString: url, max: 5, connectionTimeoutMillis: 2000 });
    // A connection that the server drops while idle is replaced at the next use.
    this.#pool.on('error', onError);
  }

  /** Makes the table, as soon as the database is there. */
  async prepare() {
    for (;;) {
      try {
        await this.#pool.query(
          'CREATE TABLE IF NOT EXISTS messages (id bigserial PRIMARY KEY, text text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())',
        );
        return;
      } catch (error) {
        console.error(`database is not there yet: ${error.message}`);
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
  }

  async ping() {
    await this.#pool.query('SELECT 1');
  }

  async add(text) {
    const result = await this.#pool.query('INSERT INTO messages (text) VALUES ($1) RETURNING id, text', [text]);
    return result.rows[0];
  }

  async list() {
    const result = await this.#pool.query('SELECT id, text FROM messages ORDER BY id DESC LIMIT 100');
    return result.rows;
  }

  async close() {
    await this.#pool.end();
  }
}
