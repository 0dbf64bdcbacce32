/** Stage 4: checks from outside, through the real ingress, by name, with certificates verified. */
package ru.scoliologic.staging.validation;
