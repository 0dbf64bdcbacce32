package ru.scoliologic.staging.infrastructure;

import io.fabric8.kubernetes.api.model.Pod;
import ru.scoliologic.staging.cluster.Labels;
import ru.scoliologic.staging.cluster.Surroundings.Usage;

/** What a pod of anybody's requests (pure). */
public final class Requests {
  private Requests() {}

  public static Usage of(Pod pod) {
    return new Usage(
        pod.getMetadata().getNamespace(),
        Labels.environmentOf(pod).orElse(""),
        pod.getSpec().getNodeName(),
        Capacity.request(pod.getSpec(), "cpu"),
        Capacity.request(pod.getSpec(), "memory"));
  }
}
