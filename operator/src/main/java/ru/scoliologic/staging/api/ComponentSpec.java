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

  /** The image that runs when none is asked for. */
  @JsonIgnore
  String defaultImage();

  /** The image that is to run. */
  @JsonIgnore
  default String effectiveImage() {
    return image() == null || image().isBlank() ? defaultImage() : image();
  }
}
