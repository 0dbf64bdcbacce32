/**
 * Ends as programs of several kinds do, for tests of what is told of a program that died: FAIL_LIKE names the kind. The line
 * that says what went wrong stands first, or in the midst, and a trace or a dump buries it.
 */
const DUMP_LINES = 300;

function nodeError() {
  const error = new Error('cannot open the queue: licence is missing');
  error.code = 'E_LICENCE';
  return error;
}

function nodeDump() {
  const error = new Error('relation "users" does not exist');
  error.name = 'error';
  error.stack = error.stack.replace(/^Error/, 'error');
  error.severity = 'ERROR';
  error.client = Object.fromEntries(
    Array.from({ length: DUMP_LINES }, (_, slot) => [`slot${slot}`, { state: 'idle', error: null }]),
  );
  return error;
}

const TEXTS = {
  java: [
    'Exception in thread "main" java.lang.IllegalStateException: cannot start',
    ...Array.from({ length: 40 }, (_, line) => `\tat ru.example.Main.step${line}(Main.java:${line + 10})`),
    'Caused by: java.lang.RuntimeException: no connection pool',
    '\tat ru.example.Pool.open(Pool.java:18)',
    'Caused by: org.postgresql.util.PSQLException: database "shop" does not exist',
    ...Array.from({ length: 20 }, (_, line) => `\tat org.postgresql.core.Step${line}.run(Step.java:${line + 1})`),
    '\t... 3 more',
  ],
  python: [
    'Traceback (most recent call last):',
    ...Array.from({ length: 15 }, (_, line) => `  File "/app/step${line}.py", line ${line + 1}, in run\n    step${line}()`),
    "KeyError: 'SHOP_REGION'",
  ],
  go: [
    'panic: assignment to entry in nil map',
    '',
    'goroutine 1 [running]:',
    ...Array.from({ length: 15 }, (_, line) => `main.step${line}(...)\n\t/src/main.go:${line + 5} +0x1d`),
    'exit status 2',
  ],
};

function fail(kind) {
  if (kind === 'node') throw nodeError();
  if (kind === 'node-dump') throw nodeDump();
  console.error(TEXTS[kind]?.join('\n') ?? `FAIL_LIKE: ${kind} is none of node, node-dump, ${Object.keys(TEXTS).join(', ')}`);
  process.exit(1);
}

if (process.env.FAIL_LIKE) fail(process.env.FAIL_LIKE);
