const requests = new Map();

export function count(method, status) {
  const series = `{method="${method}",code="${status}"}`;
  requests.set(series, (requests.get(series) ?? 0) + 1);
}

/** In Prometheus' text format. */
export function metrics() {
  const lines = [
    '# TYPE process_resident_memory_bytes gauge',
    `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    '# TYPE sample_app_requests_total counter',
  ];
  for (const [series, number] of requests) lines.push(`sample_app_requests_total${series} ${number}`);
  return `${lines.join('\n')}\n`;
}
