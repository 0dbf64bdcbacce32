/** Kubernetes mechanics that components share: metadata, pods, policies, server-side apply. */
package ru.scoliologic.staging.cluster.kube;
