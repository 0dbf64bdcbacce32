package ru.scoliologic.staging.ingress;

import java.util.Map;

/**
 * The links that Argo CD shows for an Ingress. By default it derives them from hosts and paths,
 * without HTTPS where the entry point terminates TLS, and also for routers that are no page.
 */
final class ArgoLinks {
  private static final Map<String, String> NONE =
      Map.of("argocd.argoproj.io/ignore-default-links", "true");
  private static final String LINK = "link.argocd.argoproj.io/external-link";

  private ArgoLinks() {}

  /** For a router that is not a page. */
  static Map<String, String> none() {
    return NONE;
  }

  /** For a page; adds to the given annotations. */
  static void add(Map<String, String> annotations, String url) {
    annotations.putAll(NONE);
    annotations.put(LINK, url);
  }
}
