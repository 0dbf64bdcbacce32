/** The agent of an environment: follows a branch, makes releases of its commits, builds images. */
package ru.scoliologic.staging.agent;
