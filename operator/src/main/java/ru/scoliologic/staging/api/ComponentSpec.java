package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonIgnore;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;

/** Settings that a user can override for every component. */
public interface ComponentSpec {
  /** The requested image, or null for {@link #defaultImage()}. */
  String image();

  ResourceRequirements resources();

  List<LocalObjectReference> imagePullSecrets();

  Map<String, String> nodeSelector();

  List<Toleration> tolerations();

  int DEFAULT_DEADLINE_SECONDS = 600;
  int MIN_DEADLINE_SECONDS = 10;
  int MAX_DEADLINE_SECONDS = 86_400;
  String DEADLINE =
      "Seconds from the creation of a pod until it must serve. A pod that takes"
          + " longer is reported as failing, with the cause and the container's last log"
          + " lines, instead of as starting.";

  /** As given; {@link #deadline()} is in force. Null for containers that run to completion. */
  default Integer deadlineSeconds() {
    return null;
  }

  /** Seconds from the creation of a pod until it must serve. */
  @JsonIgnore
  default int deadline() {
    return deadlineSeconds() == null ? DEFAULT_DEADLINE_SECONDS : deadlineSeconds();
  }

  /**
   * Names and values that the application's variables may refer to.
   *
   * @param host of the component's Service
   */
  default Map<String, String> variables(String host) {
    return Map.of();
  }

  /** The image when none is requested. */
  @JsonIgnore
  String defaultImage();

  @JsonIgnore
  default String effectiveImage() {
    return image() == null || image().isBlank() ? defaultImage() : image();
  }
}
