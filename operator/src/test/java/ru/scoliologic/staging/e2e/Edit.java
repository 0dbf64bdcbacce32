package ru.scoliologic.staging.e2e;

/** What a commit changes in a file of the application beside the heading. */
record Edit(String file, String what, String with) {
  static final Edit DOES_NOT_BUILD =
      new Edit("Dockerfile", "CMD [", "RUN echo the pages are missing && exit 3\nCMD [");
  static final Edit ENDS_AT_START = version("broken");
  static final Edit NEVER_HEALTHY = version("unhealthy");
  static final Edit LACKS_A_PAGE = new Edit("src/pages.js", "'/messages':", "'/letters':");

  /** Well when it is asked directly, not when Traefik asks. */
  static final Edit DISTRUSTS_THE_PROXY =
      new Edit(
          "src/app.js",
          "  if (path.startsWith('/api/admin'))",
          """
            if (path === '/devices' && request.headers['x-forwarded-server']) {
              return json(502, { error: 'sent by an unknown proxy' });
            }
            if (path.startsWith('/api/admin'))\
          """);

  private static Edit version(String version) {
    return new Edit("Dockerfile", "VERSION=dev", "VERSION=" + version);
  }

  static Edit slow(int seconds) {
    return new Edit("Dockerfile", "RUN mkdir", "RUN sleep %d\nRUN mkdir".formatted(seconds));
  }

  /** As many megabytes that no compression makes fewer. */
  static Edit large(int megabytes) {
    return new Edit(
        "Dockerfile",
        "RUN mkdir",
        "RUN head -c %dM /dev/urandom >/ballast\nRUN mkdir".formatted(megabytes));
  }
}
