/** The pages, each with a heading of its own. */
const PAGES = {
  '/': ['Welcome', '<p><a href="/auth">Sign in</a></p>'],
  '/auth': ['Sign in', '<p><a class="button" href="/api/auth/esia/login">Sign in with ESIA</a></p>'],
  '/dashboard': ['Dashboard', '<p>Your brace at a glance.</p>'],
  '/messages': ['Messages', '<p>Talk to your doctor or to the assistant.</p>'],
  '/devices': ['Devices', '<p>Sensors that are paired with your account.</p>'],
  '/settings': ['Settings', '<p>Profile, language and notifications.</p>'],
};

export function page(path, settings) {
  const found = PAGES[path];
  if (!found) return undefined;
  const [heading, body] = found;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${heading} - ${settings.title}</title></head>
<body><h1>${heading}</h1>${body}<footer>version ${settings.version}</footer></body></html>
`;
}
