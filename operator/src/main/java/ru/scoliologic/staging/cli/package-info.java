/** The programs of the image: {@code operator run} and {@code operator render}. */
package ru.scoliologic.staging.cli;
