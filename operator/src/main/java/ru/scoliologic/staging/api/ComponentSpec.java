package ru.scoliologic.staging.api;

import com.fasterxml.jackson.annotation.JsonIgnore;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;

/** What every component lets a user override. */
public interface ComponentSpec {
  /** The image asked for, or null for {@link #defaultImage()}. */
  String image();

  ResourceRequirements resources();

  List<LocalObjectReference> imagePullSecrets();

  Map<String, String> nodeSelector();

  List<Toleration> tolerations();

  int DEFAULT_DEADLINE_SECONDS = 600;
  int MIN_DEADLINE_SECONDS = 10;
  int MAX_DEADLINE_SECONDS = 86_400;
  String DEADLINE =
      "Seconds from the making of a pod until it must serve. One that takes longer is told as"
          + " failing, with the cause and the container's last lines, instead of as starting.";

  /** As it was given; {@link #deadline()} is what is in force. Null for what runs and ends. */
  default Integer deadlineSeconds() {
    return null;
  }

  /** Seconds a pod may take from its making until it serves. */
  @JsonIgnore
  default int deadline() {
    return deadlineSeconds() == null ? DEFAULT_DEADLINE_SECONDS : deadlineSeconds();
  }

  /** The image that runs when none is asked for. */
  @JsonIgnore
  String defaultImage();

  /** The image that is to run. */
  @JsonIgnore
  default String effectiveImage() {
    return image() == null || image().isBlank() ? defaultImage() : image();
  }
}
