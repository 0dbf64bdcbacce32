package ru.scoliologic.staging.cluster.kube;

import java.util.Map;
import java.util.TreeMap;

/** Keeps known service meshes from injecting a proxy into a Job's pod: the proxy never ends. */
public final class NoMesh {
  private static final String ISTIO = "sidecar.istio.io/inject";
  private static final String KUMA = "kuma.io/sidecar-injection";

  /** Annotations of a Job's pods. */
  public static final Map<String, String> ANNOTATIONS =
      Map.of(
          ISTIO,
          "false",
          "linkerd.io/inject",
          "disabled",
          KUMA,
          "disabled",
          "consul.hashicorp.com/connect-inject",
          "false");

  private NoMesh() {}

  /** The labels of a Job's pods: some meshes read labels instead of annotations. */
  public static Map<String, String> labels(Map<String, String> labels) {
    var all = new TreeMap<>(labels);
    all.put(ISTIO, "false");
    all.put(KUMA, "disabled");
    return all;
  }
}
